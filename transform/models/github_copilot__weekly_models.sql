-- A scope's week by model.
{{ copilot_weekly_by('model', 'model_feature') }}
