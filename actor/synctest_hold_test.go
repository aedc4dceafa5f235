package actor_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/open-nomad/rpcproxy/actor"
)

func TestStopWaitsForWhatIsHeldAndForWhatThatStarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var self actor.Self[int]
		var release func()
		a := actor.Spawn(1, func(s actor.Self[int]) actor.Behavior[int] {
			self, release = s, s.Hold()
			return script[int]{}
		})
		stopped := make(chan error, 1)
		go func() { stopped <- a.Stop(context.Background()) }()
		synctest.Wait()
		if len(stopped) > 0 {
			t.Fatal("it has stopped while something is held")
		}
		going := make(chan struct{})
		self.Go(func(context.Context) { <-going })
		release()
		synctest.Wait()
		if len(stopped) > 0 {
			t.Fatal("it has stopped before what was started meanwhile has ended")
		}
		close(going)
		if err := <-stopped; err != nil {
			t.Fatal(err)
		}
	})
}
