package doctor

import (
	"context"
	"net"
	"net/http"
	"strconv"
	"time"
)

// clock reads the clock of the machine at which a server is, off an answer of its HTTP API,
// whatever it answers. It returns nil if there is none.
func (x *examiner) clock(ctx context.Context, addr string) *Clock {
	host, _, err := net.SplitHostPort(addr)
	if err != nil || x.cfg.HTTPPort < 0 {
		return nil
	}
	ctx, stop := context.WithTimeout(ctx, x.cfg.doorLimit())
	defer stop()
	at := net.JoinHostPort(host, strconv.Itoa(x.cfg.HTTPPort))
	if x.secure != nil {
		if c := x.date(ctx, "https://"+at); c != nil {
			return c
		}
	}
	return x.date(ctx, "http://"+at)
}

// date asks for anything. Nothing about this side is told, and nothing of the answer but its
// date is believed: a certificate is not looked at.
func (x *examiner) date(ctx context.Context, url string) *Clock {
	transport := &http.Transport{
		DisableKeepAlives: true, DialContext: x.dialer, TLSClientConfig: x.secure, MaxResponseHeaderBytes: 64 << 10,
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, url+"/v1/status/leader", http.NoBody)
	if err != nil {
		return nil
	}
	sent := time.Now()
	answer, err := transport.RoundTrip(request)
	if err != nil {
		return nil
	}
	defer func() { _ = answer.Body.Close() }()
	return clockOf(answer.Header.Get("Date"), sent, time.Now())
}

// clockOf is how far a clock is ahead that showed date, to the second, between two moments
// here. nil: it is no date.
func clockOf(date string, sent, received time.Time) *Clock {
	shown, err := http.ParseTime(date)
	if err != nil {
		return nil
	}
	return &Clock{AtLeast: shown.Sub(received), AtMost: shown.Add(time.Second).Sub(sent)}
}
