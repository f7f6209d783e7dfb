select * from {{ ref('usages') }} as u where engaged and not active
