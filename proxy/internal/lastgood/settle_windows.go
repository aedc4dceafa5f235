package lastgood

// settle does nothing: a directory cannot be synced here.
func settle(string) error { return nil }
