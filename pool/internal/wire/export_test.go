package wire

// Finite is why v cannot be written, or nil.
func Finite(v any) error { return finite(v) }
