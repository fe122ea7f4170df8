"""One execution of a scenario: the conductor, the traffic, the observer, the migration, and the journal they write."""
