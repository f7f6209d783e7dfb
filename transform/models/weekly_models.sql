-- A scope's week by model.
{{ weekly_by('model', 'model_feature') }}
