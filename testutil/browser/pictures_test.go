//go:build browser

package browser_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"net"
	"os"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil"
	"github.com/open-nomad/rpcproxy/testutil/browser"
)

var update = flag.Bool("update", false, "take the pictures in docs anew, which takes two minutes")

// mostBytes is how large a picture may be.
const mostBytes = 200 << 10

var pictures = []struct {
	file   string
	height int // in pixels, of which the rest is cut off
	look   browser.Look
}{
	{"status.png", 1130, browser.Look{Width: 1120, Height: 800}},
	{"status-dark.png", 1130, browser.Look{Width: 1120, Height: 800, Dark: true}},
	{"status-phone.png", 1600, browser.Look{Width: 390, Height: 800, Phone: true, Scale: 1.5}},
}

// TestPictures is of the pictures in the documents, of the page beside an agent whose servers fail.
func TestPictures(t *testing.T) {
	if *update {
		takePictures(t)
	}
	for _, picture := range pictures {
		data, err := os.ReadFile("../../docs/" + picture.file)
		if err != nil {
			t.Fatal(err)
		}
		shown, err := png.DecodeConfig(bytes.NewReader(data))
		if err != nil || shown.Width < picture.look.Width || shown.Height != picture.height || len(data) > mostBytes {
			t.Errorf("%s: %d by %d pixels, %d bytes, %v", picture.file, shown.Width, shown.Height, len(data), err)
		}
	}
}

// takePictures has servers fail one after the other, and takes pictures of the page afterwards. The
// servers have addresses as in a data center; each leads to one on the loopback.
func takePictures(t *testing.T) {
	b := start(t)
	c, err := testutil.StartCluster(testutil.ClusterConfig{Size: 3, Server: testutil.ServerConfig{RPCHoldTimeout: time.Second}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, c.Stop) })
	at := map[string]string{}
	var names []string
	for i, addr := range c.Addrs() {
		name := fmt.Sprintf("10.0.%d.4:4647", i+1)
		at[name] = addr
		names = append(names, name)
		c.Server(i).Inject(testutil.Slow(time.Duration(300*(i+1)) * time.Microsecond))
	}
	cfg := proxy.Config{Servers: names, Seed: 1}
	cfg.Pool.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, at[addr])
	}
	p, err := proxy.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, p.Stop) })
	a := &agent{cluster: c, proxy: p}
	a.call(t)
	url := show(t, p)
	beat := func() {
		var infos []messages.ServerInfo
		for _, name := range names {
			infos = append(infos, messages.ServerInfo{RPCAdvertiseAddr: name})
		}
		if err := p.Heartbeat(t.Context(), messages.HeartbeatUpdate{Servers: infos, NumNodes: 9214, LeaderRPCAddr: names[0], TTL: 14 * time.Second}); err != nil {
			t.Error(err)
		}
	}
	front := func() *testutil.Server { return c.ServerAt(at[a.front(t)]) }
	pass := func(d time.Duration) { // with heartbeats
		end, tick := time.After(d), time.NewTicker(9*time.Second)
		defer tick.Stop()
		for beat(); ; {
			select {
			case <-tick.C:
				beat()
			case <-end:
				return
			}
		}
	}
	for range 2 {
		pass(25 * time.Second)
		killed := front()
		killed.Kill()
		pass(15 * time.Second)
		if err := killed.Restart(); err != nil {
			t.Fatal(err)
		}
	}
	for _, picture := range pictures {
		page := open(t, b, url, picture.look)
		do(t, page, `document.querySelector("#moves button").click()`)
		beat()
		awaitStates(t, page, 2)
		data, err := page.Picture()
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile("../../docs/"+picture.file, cut(t, data, picture.height), 0o644); err != nil { //nolint:gosec // a file of the repository
			t.Fatal(err)
		}
	}
}

// cut is the upper part of a picture.
func cut(t *testing.T, data []byte, height int) []byte {
	t.Helper()
	all, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	part := image.NewNRGBA(image.Rect(0, 0, all.Bounds().Dx(), height))
	draw.Draw(part, part.Bounds(), all, image.Point{}, draw.Src)
	var out bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, part); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
