package credentials

import (
	"errors"
	"fmt"
	"time"
)

// What is wrong with a configuration is known before any server is dialed.
func Example() {
	_, err := (&Config{CAPEM: []byte("no certificate")}).Load(time.Now())
	bad, _ := errors.AsType[*ConfigError](err)
	fmt.Println(bad.Field, bad.Problem)
	// Output: CAPEM holds no PEM of the kind expected
}
