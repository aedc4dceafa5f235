package discover_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/open-nomad/rpcproxy/proxy/discover"
)

func TestARunThatFollowsAnotherSoonGoesFurther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inDNS, inConsul := []string{"b", "c"}, []string{"c", "d"}
		dns, consul := finding("dns", &inDNS), finding("consul", &inConsul)
		c := chain(t, discover.Static{"a", "b"}, dns, consul)
		for _, run := range []struct {
			what        string
			want        []string
			dns, consul int
		}{
			{"local links end no run", []string{"a(static)", "b(static)", "c(dns)"}, 1, 0},
			{"that did not help: the next one is asked", []string{"a(static)", "b(static)", "e(dns)", "c(consul)", "d(consul)"}, 2, 1},
			{"and again, whatever the first one answers", []string{"a(static)", "b(static)", "f(dns)", "c(consul)", "d(consul)"}, 3, 2},
		} {
			got, err := found(t, c)
			if err != nil || !slices.Equal(got, run.want) || dns.times != run.dns || consul.times != run.consul {
				t.Errorf("%s: %v, %v; dns asked %d times, consul %d", run.what, got, err, dns.times, consul.times)
			}
			inDNS = []string{string("ef"[min(dns.times-1, 1)])}
			time.Sleep(15 * time.Second)
		}
		time.Sleep(2 * time.Minute)
		if got, _ := found(t, c); len(got) != 3 || consul.times != 2 {
			t.Errorf("in the next trouble: %v, consul asked %d times", got, consul.times)
		}
	})
}

func TestEachLinkHasATimeOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		list := []string{"a"}
		hangs := &asked{name: "dns", does: func(ctx context.Context) ([]string, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}}
		c, err := discover.NewChain(
			discover.Link{From: hangs, Timeout: 3 * time.Second}, discover.Link{From: hangs}, discover.Link{From: finding("consul", &list)},
		)
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		got, err := c.Find(t.Context())
		failed, _ := errors.AsType[discover.Errors](err)
		if len(got) != 1 || len(failed) != 2 || !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 7*time.Second {
			t.Errorf("%v, %v after %v; want one find after 3s and 4s", got, err, time.Since(began))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began = time.Now()
		if got, err := c.Find(ctx); len(got) != 0 || !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Second {
			t.Errorf("%v, %v after %v; want to end with the context", got, err, time.Since(began))
		}
	})
}
