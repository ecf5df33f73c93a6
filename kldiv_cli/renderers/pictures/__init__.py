"""Pictures as numbers: which marks there are and where, whatever draws them."""
