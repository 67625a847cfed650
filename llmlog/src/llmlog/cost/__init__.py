"""What a call cost: as a person's own price list or genai-prices say, else unknown."""
