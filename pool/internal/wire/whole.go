package wire

import (
	"errors"
	"fmt"
	"math"
)

// Whole reports why b is not exactly one complete value that nests no deeper than
// MaxDepth; nil if it is. The error is ErrMalformed.
func Whole(b []byte) error {
	var s Scanner
	s.Reset(0, math.MaxInt)
	end, ok, err := s.Value(b)
	if _, tooLong := errors.AsType[*SizeError](err); tooLong { // longer than an int can say, and so than b
		ok, err = false, nil
	}
	switch {
	case err != nil:
		return err
	case !ok && len(b) == 0:
		return fmt.Errorf("%w: no value", ErrMalformed)
	case !ok:
		return fmt.Errorf("%w: the value is not complete after %d bytes", ErrMalformed, len(b))
	case end < len(b):
		return fmt.Errorf("%w: %d bytes behind the value", ErrMalformed, len(b)-end)
	}
	return nil
}
