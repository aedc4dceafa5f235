package testutil

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// startPuppet runs a puppet until the test ends.
func startPuppet(t *testing.T, cfg ServerConfig) *Server {
	t.Helper()
	s, err := StartPuppet(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return s
}

var strangersBeat = dict{"Region": "global", "NodeID": "stranger", "Status": "ready", "AuthToken": "token"}

func TestAPuppetHasTheLeaderThatItIsGiven(t *testing.T) {
	s := startPuppet(t, ServerConfig{HeartbeatTTLMin: time.Second})
	elsewhere := ServerInfo{RPCAdvertiseAddr: "192.0.2.7:4647", Datacenter: "dc1"}
	s.Tell(Picture{Leader: elsewhere.RPCAdvertiseAddr, Live: []ServerInfo{elsewhere}, NumNodes: 9})
	var reply nodeReply
	if err := dial(t, s.Addr()).open(modeRPC).call("Node.UpdateStatus", strangersBeat, &reply); err != nil {
		t.Fatalf("a node that registered elsewhere is refused: %v", err)
	}
	if reply.LeaderRPCAddr != elsewhere.RPCAdvertiseAddr || reply.NumNodes != 9 ||
		len(reply.Servers) != 1 || reply.Servers[0] != elsewhere || reply.HeartbeatTTL != time.Second {
		t.Errorf("the reply is %+v", reply)
	}
}

func TestAPuppetHasNoLeaderUntilItIsGivenOne(t *testing.T) {
	s := startPuppet(t, ServerConfig{RPCHoldTimeout: time.Millisecond})
	stream := dial(t, s.Addr()).open(modeRPC)
	if err := stream.call("Node.UpdateStatus", strangersBeat, nil); err == nil || err.Error() != ErrTextNoLeader {
		t.Errorf("before it has a leader: %v", err)
	}
	lost := "192.0.2.7:4647"
	s.Tell(Picture{Lost: lost})
	if err := stream.call("Node.UpdateStatus", strangersBeat, nil); err == nil || err.Error() != ErrTextForwardRefused(lost) {
		t.Errorf("while calls are forwarded to a dead leader: %v", err)
	}
	s.Tell(Picture{Leader: s.Addr()})
	if err := stream.call("Node.UpdateStatus", strangersBeat, nil); err != nil {
		t.Errorf("with a leader: %v", err)
	}
}

func TestACallForwardedToASilentLeaderIsNotSavedByANewOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(ClusterConfig{})
		defer w.stop()
		w.tell(Picture{Lost: "192.0.2.7:4647", Stuck: true})
		s := &Server{cfg: ServerConfig{}.withDefaults(), world: w} // without its sockets, which have no place in a bubble
		s.faults.Store(newFaultSet(nil))
		begin := time.Now()
		ended := make(chan error, 1)
		go func() {
			_, err := s.leader(t.Context(), "Node.UpdateStatus")
			ended <- err
		}()
		synctest.Wait()
		w.tell(Picture{Leader: "192.0.2.8:4647"})
		err := <-ended
		if took := time.Since(begin); took != forwardStuck || err == nil || err.Error() != ErrTextForwardEOF {
			t.Errorf("the call ended after %v with %v", took, err)
		}
		if leader, err := s.leader(t.Context(), "Node.UpdateStatus"); err != nil || leader != "192.0.2.8:4647" {
			t.Errorf("a later call finds %q, %v", leader, err)
		}
	})
}
