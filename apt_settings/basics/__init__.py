"""What everything else stands on: how texts are shown, guessed and read, who gave a value, how a command ends."""
