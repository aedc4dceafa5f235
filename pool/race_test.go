package pool

import (
	"context"
	"errors"
	"testing"

	"github.com/open-nomad/rpcproxy/pool/internal/dialing"
	"github.com/open-nomad/rpcproxy/testutil"
)

func TestASessionThatComesUpSecondIsClosedAndOnlyThatOne(t *testing.T) {
	t.Parallel()
	server, err := testutil.StartServer(testutil.ServerConfig{KeepAlive: -1})
	noError(t, err)
	p, err := New(Far(Config{}))
	noError(t, err)
	ctx, stop := context.WithTimeout(t.Context(), Patience)
	defer stop()
	defer server.Stop(ctx)
	defer p.Stop(ctx)
	second := make(chan *connection, 1)
	won, failed := dialing.Race(ctx, 2, func(running context.Context, i int) (*connection, error) {
		if i == 0 {
			<-running.Done() // and comes up all the same
		}
		s, err := p.setUp(ctx, server.Addr(), server.Addr(), 1, nil)
		if i == 0 {
			second <- s
		}
		return s, err
	}, (*connection).lose)
	if won == nil || errors.Join(failed...) != nil {
		t.Fatalf("%v, %v", won, failed)
	}
	lost := <-second
	if !errors.Is(lost.Cause(), dialing.ErrLost) || !lost.Ended() {
		t.Errorf("the second ended with %v", lost.Cause())
	}
	if err := won.Ping(ctx); err != nil {
		t.Errorf("the first: %v", err)
	}
	won.Abort(ErrStopped)
}
