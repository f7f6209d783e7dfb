-- A scope's week by feature.
{{ weekly_by('feature', 'feature') }}
