-- A scope's week by language.
{{ copilot_weekly_by('language', 'language_feature') }}
