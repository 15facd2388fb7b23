"""Where values come from: arguments, the environment, `.env` files, the release, a record; and all of them together."""
