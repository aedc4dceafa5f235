package wire_test

import (
	"fmt"

	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// A request is encoded; a reply is found in what has come in so far, then read.
func Example() {
	request, err := wire.NewEncoder().Value(wire.AppendRequest(nil, 1, "Status.Leader"), struct{}{})
	if err != nil {
		panic(err)
	}
	fmt.Printf("%q\n", request)

	received := []byte("\x83\xa5Error\xa0\xa3Seq\x01\xadServiceMethod\xadStatus.Leader\xae127.0.0.1:4647")
	var s wire.Scanner
	s.Reset(0, 1<<20)
	header, ok, err := s.Value(received)
	fmt.Println(header, ok, err)
	end, ok, err := s.Value(received)
	fmt.Println(end, ok, err)

	var leader string
	err = wire.NewDecoder().Body(received[header:end], &leader)
	fmt.Println(leader, err)
	// Output:
	// "\x82\xa3Seq\x01\xadServiceMethod\xadStatus.Leader\x80"
	// 41 true <nil>
	// 56 true <nil>
	// 127.0.0.1:4647 <nil>
}
