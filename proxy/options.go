package proxy

// CallOption changes how one call is carried.
type CallOption func(*call)

// WithClass overrides what the method's name and arguments say about repeating
// the call.
func WithClass(c Class) CallOption {
	return func(o *call) { o.class = c }
}
