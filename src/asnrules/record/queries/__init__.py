"""Questions to the record, each asked in SQL here and nowhere else."""
