package dialing_test

import (
	"context"
	"fmt"

	"github.com/open-nomad/rpcproxy/pool/internal/dialing"
)

// The first address that answers wins.
func ExampleRace() {
	routes := []string{"10.0.0.1:4647", "10.0.0.2:4647"}
	won, failed := dialing.Race(context.Background(), len(routes), func(_ context.Context, i int) (*string, error) {
		if i == 0 {
			return nil, fmt.Errorf("%s: refused", routes[i])
		}
		return &routes[i], nil
	}, func(*string) {})
	fmt.Println(*won, failed[0])
	// Output: 10.0.0.2:4647 10.0.0.1:4647: refused
}
