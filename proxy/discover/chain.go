package discover

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync/atomic"
	"time"

	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/internal/printable"
	"github.com/open-nomad/rpcproxy/messages"
)

// Discoverer finds the addresses of servers; see proxy.Discoverer. A method
// Source() string names it.
type Discoverer interface {
	Discover(ctx context.Context) ([]string, error)
}

// Link is one discoverer of a Chain.
type Link struct {
	From    Discoverer
	Timeout time.Duration // of one run; zero means 4 s
}

// linkTimeout is so short that two links that hang, and a third that answers, fit into
// proxy.Config.DiscoverTimeout.
const linkTimeout = 4 * time.Second

// Chain asks its links in order. It is a proxy.Discoverer and a proxy.Finder. Any
// number of goroutines may use it.
type Chain struct {
	links []Link
	last  atomic.Pointer[run]
}

// run is how a run of a chain ended. It is immutable.
type run struct {
	at   time.Time
	link int // the one that ended it
}

// rerunWithin is within what time a run follows another one because that did not help.
const rerunWithin = 2 * time.Minute

// NewChain makes a Chain. A link without a Discoverer, or with a negative
// Timeout, is a *LinkError.
func NewChain(links ...Link) (*Chain, error) {
	c := &Chain{links: make([]Link, 0, len(links))}
	if len(links) == 0 {
		return nil, &LinkError{Err: errors.New("a chain needs at least one link")}
	}
	for i, l := range links {
		switch {
		case l.From == nil, reflect.ValueOf(l.From).Kind() == reflect.Pointer && contain.IsNil(l.From):
			return nil, &LinkError{Index: i, Err: errors.New("it has no Discoverer: give Link.From one")}
		case l.Timeout < 0:
			return nil, &LinkError{Index: i, Source: source(l.From), Err: fmt.Errorf("its Timeout is %v: give a positive one, or 0 for %v", l.Timeout, linkTimeout)}
		case l.Timeout == 0:
			l.Timeout = linkTimeout
		}
		c.links = append(c.links, l)
	}
	c.last.Store(&run{link: -1})
	return c, nil
}

// LinkError is the error of one link of a chain.
type LinkError struct {
	Index  int // in the chain, from 0
	Source messages.Source
	Err    error
}

func (e *LinkError) Error() string {
	if e.Source == "" {
		return fmt.Sprintf("discover: link %d: %s", e.Index, contain.Text(e.Err))
	}
	return fmt.Sprintf("discover: %s: %s", printable.Name(string(e.Source)), contain.Text(e.Err))
}

func (e *LinkError) Unwrap() error { return e.Err }

// Errors has the error of each link of a run that failed; never empty.
type Errors []*LinkError

func (e Errors) Error() string {
	var texts []string
	for _, err := range e {
		texts = append(texts, err.Error())
	}
	return strings.Join(texts, "; ")
}

// Unwrap gives each *LinkError.
func (e Errors) Unwrap() []error {
	errs := make([]error, 0, len(e))
	for _, err := range e {
		errs = append(errs, err)
	}
	return errs
}

// Discover is Find without the sources, and without an error if a link found an address.
func (c *Chain) Discover(ctx context.Context) ([]string, error) {
	found, err := c.Find(ctx)
	if len(found) > 0 {
		err = nil
	}
	addrs := make([]string, 0, len(found))
	for _, f := range found {
		addrs = append(addrs, f.Addr)
	}
	return addrs, err
}

// Find asks the links in order and returns the addresses they found, each once, at most
// 1,024. The error is Errors, of the links that failed, also together with addresses that
// others found. It blocks until the last link asked has answered; their contexts end
// with ctx.
func (c *Chain) Find(ctx context.Context) ([]messages.Found, error) {
	ctx = contain.Context(ctx, nil)
	var found []messages.Found
	var failed Errors
	seen, last := make(map[string]bool), *c.last.Load()
	if time.Since(last.at) > rerunWithin {
		last.link = -1
	}
	ended := len(c.links) - 1
	for i, l := range c.links {
		from := source(l.From)
		addrs, err := l.ask(ctx)
		if err != nil {
			failed = append(failed, &LinkError{Index: i, Source: from, Err: err})
		}
		before := len(found)
		for _, addr := range addrs {
			if !seen[addr] && len(found) < maxFound {
				seen[addr] = true
				found = append(found, messages.Found{Addr: addr, Source: from})
			}
		}
		if len(found) > before && !local(l.From) && i > last.link {
			ended = i
		}
		if ctx.Err() != nil || ended == i {
			break
		}
	}
	if ctx.Err() == nil { // otherwise the next run does not go to a later link
		c.last.Store(&run{at: time.Now(), link: ended})
	}
	if len(failed) == 0 {
		return found, nil // not a typed nil
	}
	return found, failed
}

// maxFound bounds the addresses of one run.
const maxFound = 1024

// ask asks one link within its time.
func (l Link) ask(ctx context.Context) ([]string, error) {
	limited, stop := context.WithTimeoutCause(ctx, l.Timeout,
		fmt.Errorf("no answer within %v: %w", l.Timeout, context.DeadlineExceeded))
	defer stop()
	var addrs []string
	var err error
	if p := contain.Apart(func() { addrs, err = l.From.Discover(limited) }); p != nil {
		return nil, p // of that link alone
	}
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		err = context.Cause(limited)
	}
	return addrs, err
}

// source is the name of a discoverer; that of any one if it has none, or its method panics.
func source(d Discoverer) messages.Source {
	from := messages.SourceDiscovery
	if named, ok := d.(interface{ Source() string }); ok {
		_ = contain.Apart(func() { from = messages.Source(named.Source()) })
	}
	return from
}

// local reports whether a discoverer asks no other machine.
func local(d Discoverer) bool {
	_, static := d.(Static)
	_, file := d.(File)
	return static || file
}
