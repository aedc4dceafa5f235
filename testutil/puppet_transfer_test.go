package testutil

import "testing"

func TestAPuppetRefusesWritesInRaftsWordsWhileTheLeadershipIsHandedOn(t *testing.T) {
	s := startPuppet(t, ServerConfig{})
	stream := dial(t, s.Addr()).open(modeRPC)
	beat := func(status string) string {
		args := dict{"Region": "global", "NodeID": "stranger", "Status": status, "AuthToken": "token"}
		if err := stream.call("Node.UpdateStatus", args, nil); err != nil {
			return err.Error()
		}
		return ""
	}
	const other = "192.0.2.7:4647"
	for _, c := range []struct {
		picture Picture
		write   string
	}{
		{Picture{Leader: other}, ""},
		{Picture{Leader: other, HandingOn: true}, "rpc error: leadership transfer in progress"},
		{Picture{Leader: other, Deposed: true}, "rpc error: node is not the leader"},
		{Picture{Leader: s.Addr(), HandingOn: true}, "leadership transfer in progress"},
		{Picture{Leader: s.Addr(), Deposed: true}, "node is not the leader"},
	} {
		s.Tell(Picture{Leader: other})
		if text := beat("ready"); text != "" {
			t.Fatalf("before %+v: %s", c.picture, text)
		}
		s.Tell(c.picture)
		if text := beat("ready"); text != "" {
			t.Errorf("%+v: a heartbeat that changes nothing is refused: %s", c.picture, text)
		}
		if text := beat("initializing"); text != c.write {
			t.Errorf("%+v: one that changes the status: %q, want %q", c.picture, text, c.write)
		}
	}
}

func TestAPuppetHasOneStreamLeftToALeaderThatParted(t *testing.T) {
	s := startPuppet(t, ServerConfig{})
	stream := dial(t, s.Addr()).open(modeRPC)
	beat := func() string {
		if err := stream.call("Node.UpdateStatus", strangersBeat, nil); err != nil {
			return err.Error()
		}
		return ""
	}
	const lost = "192.0.2.7:4647"
	for parted, first := range map[bool]string{true: "rpc error: stream closed", false: ErrTextForwardEOF} {
		s.Tell(Picture{Leader: lost})
		if text := beat(); text != "" {
			t.Fatal(text)
		}
		s.Tell(Picture{Lost: lost, Parted: parted})
		for i, want := range []string{first, ErrTextForwardRefused(lost), ErrTextForwardRefused(lost)} {
			if text := beat(); text != want {
				t.Errorf("parted %v: call %d is answered %q, want %q", parted, i+1, text, want)
			}
		}
	}
}
