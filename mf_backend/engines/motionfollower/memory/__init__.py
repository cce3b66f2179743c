"""What a render takes of the memory: counted, predicted, and cut to fit a card by presets."""
