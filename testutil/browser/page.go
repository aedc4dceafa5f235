package browser

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// Look is how a page is shown. The zero value is a light page of 1280 by 900 pixels.
type Look struct {
	Width, Height int // in pixels
	Phone         bool
	Dark          bool
	Still         bool    // the reader wants no motion
	NoScript      bool    // JavaScript is off
	Scale         float64 // pixels of a picture for each of the page; 0: 1
}

// Page is an open page.
type Page struct {
	ctx    context.Context
	cancel context.CancelFunc
	faults chan string
}

// Open opens the page at an address, of which the host is the one that it may talk to, and
// returns when it has loaded. The caller should call Close.
func (b *Browser) Open(address string, look Look) (*Page, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("browser: %w", err)
	}
	p := &Page{faults: make(chan string, 256)}
	p.ctx, p.cancel = chromedp.NewContext(b.ctx, chromedp.WithListener(func(event any) {
		if fault := faultOf(event, u.Host); fault != "" {
			select {
			case p.faults <- fault:
			default: // enough are known
			}
		}
	}))
	if err := p.open(address, look); err != nil {
		p.Close()
		return nil, fmt.Errorf("browser: opening %s: %w", address, err)
	}
	return p, nil
}

func (p *Page) open(address string, look Look) error {
	if err := chromedp.Do(p.ctx); err != nil { // the tab lives as long as the context of its first action
		return err
	}
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	_, err := chromedp.Call(ctx, log.Enable, cdp.Empty{})
	if err == nil {
		_, err = chromedp.Call(ctx, network.Enable, network.EnableParams{})
	}
	if err == nil {
		err = p.show(ctx, look)
	}
	if err == nil {
		err = chromedp.Do(ctx, chromedp.Navigate(address))
	}
	return err
}

// Show changes how the page is shown.
func (p *Page) Show(look Look) error {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	return p.show(ctx, look)
}

func (p *Page) show(ctx context.Context, look Look) error {
	if look.Width == 0 {
		look.Width, look.Height = 1280, 900
	}
	if look.Scale == 0 {
		look.Scale = 1
	}
	_, err := chromedp.Call(ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: int64(look.Width), Height: int64(look.Height), DeviceScaleFactor: look.Scale, Mobile: look.Phone,
	})
	if err != nil {
		return err
	}
	features := []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: choose(look.Dark, "dark", "light")},
		{Name: "prefers-reduced-motion", Value: choose(look.Still, "reduce", "no-preference")},
	}
	if _, err = chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features}); err != nil {
		return err
	}
	_, err = chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: look.NoScript})
	return err
}

func choose(first bool, a, b string) string {
	if first {
		return a
	}
	return b
}

// Close closes the page.
func (p *Page) Close() {
	p.cancel()
}

// Faults are what the page did since the last call that it must not: a line for each.
func (p *Page) Faults() (list []string) {
	for {
		select {
		case fault := <-p.faults:
			list = append(list, fault)
		default:
			return list
		}
	}
}

// Eval is the value of an expression of JavaScript, also of a promise.
func Eval[T any](p *Page, expression string) (value T, err error) {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	value, err = chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		return value, fmt.Errorf("browser: %.200s: %w", expression, err)
	}
	return value, nil
}

// Await waits until an expression is true. The error says what it was looking for.
func (p *Page) Await(what, expression string) error {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		is, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("Boolean("+expression+")"))
		if is && err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("browser: %s: not within %v: %w", what, patience, errors.Join(err, ctx.Err()))
		}
	}
}

// Call runs a command of the browser's protocol.
func Call[P, R any](p *Page, command cdp.Command[P, R], params P) (R, error) {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	return chromedp.Call(ctx, command, params)
}

// Press presses keys, one after the other, on what has the focus. The keys of package kb that are
// no characters are in it too: kb.Tab.
func (p *Page) Press(keys string) error {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	return chromedp.Do(ctx, chromedp.KeyEvent(keys))
}

// Picture is all of the page as PNG.
func (p *Page) Picture() ([]byte, error) {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, chromedp.FullScreenshot(100))
}
