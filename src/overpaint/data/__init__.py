"""Pictures in, pictures out: one loader and one writer for every path of the project."""
