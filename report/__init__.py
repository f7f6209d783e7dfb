"""The adoption report: one HTML file, drawn from the database that the tap filled."""
