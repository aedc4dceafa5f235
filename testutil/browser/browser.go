package browser

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/chromedp/chromedp"
)

// patience is how long anything here waits for a browser that does not do what it was asked to.
const patience = 2 * time.Minute

// names are those under which Chromium is installed.
var names = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}

// Browser is a running Chromium. Its pages may be used by one goroutine each.
type Browser struct {
	ctx    context.Context
	cancel context.CancelFunc
}

// Start starts a Chromium that shows no window. The error says how to install one, if there is
// none. The caller must call Stop.
func Start() (*Browser, error) {
	path, err := find()
	if err != nil {
		return nil, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.CombinedOutput(io.Discard),
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"), // it looks up no name
		chromedp.WindowSize(1280, 900),
	)
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // which Chromium refuses to root
	}
	allocator, cancelAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancelContext := chromedp.NewContext(allocator)
	b := &Browser{ctx: ctx, cancel: func() { cancelContext(); cancelAllocator() }}
	late := time.AfterFunc(patience, b.cancel)
	err = chromedp.Do(ctx)
	if !late.Stop() || err != nil {
		b.cancel()
		return nil, fmt.Errorf("browser: %s does not start: %w", path, err)
	}
	return b, nil
}

// find is the path of Chromium.
func find() (string, error) {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("browser: none of %q is in PATH: install Chromium, as testutil/browser/install does (Debian: apt-get install chromium)", names)
}

// Stop ends the browser and waits until it has ended.
func (b *Browser) Stop() error {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	err := chromedp.Cancel(ctx)
	b.cancel()
	if err != nil {
		return fmt.Errorf("browser: stopping: %w", err)
	}
	return nil
}
