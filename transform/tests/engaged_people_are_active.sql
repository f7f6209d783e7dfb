select * from {{ ref('github_copilot__usages') }} as u where engaged and not active
