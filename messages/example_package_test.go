package messages_test

import (
	"fmt"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/messages"
)

// Every change of the list of servers is a message. One with a Reply is always answered, by who takes it or when it is
// abandoned.
func Example() {
	var sent messages.Message = messages.AddBackup{Addrs: []string{"10.1.0.1"}, Reply: actor.NewReply[error]()}

	switch m := sent.(type) { // as the owner of the list does
	case messages.AddBackup:
		fmt.Println("a backup:", m.Addrs)
		m.Reply.Send(nil)
		fmt.Println("answered:", <-m.Reply.Chan())
	default:
		fmt.Println("another one")
	}
	// Output:
	// a backup: [10.1.0.1]
	// answered: <nil>
}
