"""Of family anima alone: its base in parts, its files, its flow, and how it is written."""
