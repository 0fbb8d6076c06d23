"""What a person keeps for the next run: presets, and the prompts of earlier runs."""
