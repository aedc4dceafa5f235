package pool

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/open-nomad/rpcproxy/pool/internal/credentials"
)

func TestASessionAndARefusalOfTheOldAreEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &Pool{}
		p.refusing.Store(new([]string))
		o := &owner{pool: p}
		o.noteDial("a", nil) // nothing is on offer
		tries := [2]int{}
		offer := func(i int) *credentials.Offering {
			of := credentials.Offer(p.log, nil, 0, func(context.Context, *credentials.Credentials) credentials.Trial {
				tries[i]++
				return credentials.Trial{Refused: errors.New("no")}
			})
			go of.Run(t.Context())
			return of
		}
		p.offered.Store(offer(0))
		p.watching.Store(offer(1))
		synctest.Wait()
		want := 1 // at once
		for _, c := range []struct {
			err  error
			more int
		}{{io.EOF, 0}, {nil, 1}, {&DialError{Err: &TLSError{Kind: ErrTLSFailed, Err: io.EOF}}, 1}} {
			o.noteDial("a", c.err)
			time.Sleep(2 * time.Second) // and before the next one is due
			synctest.Wait()
			if want += c.more; tries != [2]int{want, want} {
				t.Errorf("%v: %v offers, want %d", c.err, tries, want)
			}
		}
	})
}
