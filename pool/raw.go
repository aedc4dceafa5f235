package pool

// Raw is a value as its msgpack bytes: exactly one, encoded as Nomad does it.
type Raw []byte
