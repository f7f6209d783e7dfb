-- A person-day by language and model.
{{ copilot_dx_entries('language_model', ['language', 'model'] + copilot_dx_counters()) }}
