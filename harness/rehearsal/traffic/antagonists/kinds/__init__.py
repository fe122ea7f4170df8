"""What each kind of antagonist does, one file a kind or family."""
