package roster

import (
	"testing"

	"github.com/open-nomad/rpcproxy/messages"
)

// Where clouds serve credentials a heartbeat's server is believed only by the agent that has
// it configured, whatever another one of the same Shared has admitted before.
func TestAnAgentDoesNotAdmitWhatOnlyAnotherHasConfigured(t *testing.T) {
	const metadata = "169.254.169.254:4647"
	shared := Share(Config{Servers: servs(t, "a")})
	beat := messages.HeartbeatUpdate{Servers: infos("a:4647", metadata), LeaderRPCAddr: "a:4647"}
	for _, tt := range []struct {
		name   string
		before []messages.Message
		want   int
	}{
		{"configured", []messages.Message{messages.AddPrimary{Addr: metadata}}, 2},
		{"not configured", nil, 1},
	} {
		r := shared.New("", 0, seeded(1))
		for _, m := range append(tt.before, beat) {
			r.Step(epoch0, m)
		}
		views := only[Publish](r.Take())
		if got := views[len(views)-1].View.Len(); got != tt.want {
			t.Errorf("%s: %d servers, want %d", tt.name, got, tt.want)
		}
	}
}
