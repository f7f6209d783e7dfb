-- A scope's week by language.
{{ weekly_by('language', 'language_feature') }}
