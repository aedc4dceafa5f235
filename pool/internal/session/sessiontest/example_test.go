package sessiontest

import "fmt"

// A Silent ends a ping when it is closed.
func Example() {
	m := NewSilent()
	_ = m.Close()
	_, err := m.Ping()
	fmt.Println(m.Pings.Load(), m.IsClosed(), err)
	// Output: 1 true EOF
}
