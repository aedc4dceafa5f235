package status

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"strings"

	"github.com/open-nomad/rpcproxy/internal/printable"
)

// policy lets the page load its own script and style, and talk to its own host, and nothing else.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// setHeaders sets what all answers have.
func setHeaders(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
}

// refuse answers with a sentence.
func refuse(w http.ResponseWriter, status int, why string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = fmt.Fprintln(w, why)
}

// allowed reports whether a request is answered; if not, it has been refused.
func (h *Handler) allowed(w http.ResponseWriter, r *http.Request) bool {
	switch {
	case !h.knownHost(r):
		refuse(w, http.StatusMisdirectedRequest, h.strange(r.Host))
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		refuse(w, http.StatusMethodNotAllowed, fmt.Sprintf("the method %s is not for reading: use GET or HEAD", printable.Quote(r.Method, printable.MaxName)))
	case fromElsewhere(r):
		refuse(w, http.StatusForbidden, "this is not for pages of other sites: open it by itself")
	default:
		return true
	}
	return false
}

// strange says that a host is none that is answered, and what to do.
func (h *Handler) strange(host string) string {
	text := fmt.Sprintf("the host %s is none that is answered: use a loopback name or address, or name it in status.Config.Hosts", printable.Quote(host, printable.MaxName))
	if h.noHost != "" {
		text += fmt.Sprintf(", where %s is neither a name nor an address", h.noHost)
	}
	return text
}

// knownHost reports whether a request came under a name of this host. A browser that was led
// here under a name of another site's has that name in the Host header.
func (h *Handler) knownHost(r *http.Request) bool {
	if addr, ok := r.Context().Value(http.LocalAddrContextKey).(*net.UnixAddr); ok && addr != nil {
		return true // no browser connects to one
	}
	if r.Host == "" && !r.ProtoAtLeast(1, 1) {
		return true // it may be missing before HTTP/1.1; browsers have always sent it
	}
	host, ok := hostOf(r.Host)
	return ok && (isLoopback(host) || h.hosts[host])
}

// isLoopback reports whether a host, as hostOf returns it, is this machine.
func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// hostOf is the name or the address of a Host header, in one form: without the port, a
// trailing dot, and capital letters. It reports false for what is no host.
func hostOf(header string) (host string, ok bool) {
	const longest = 253 + 1 + 6 // a name, its dot, a port
	if len(header) > longest {
		return "", false
	}
	host, port := header, ""
	if inner, literal := strings.CutPrefix(header, "["); literal {
		inner, rest, closed := strings.Cut(inner, "]")
		ip, err := netip.ParseAddr(inner)
		if !closed || err != nil || !ip.Is6() || ip.Zone() != "" || rest != "" && rest[0] != ':' {
			return "", false
		}
		host, port = ip.Unmap().String(), strings.TrimPrefix(rest, ":")
	} else if name, after, found := strings.Cut(header, ":"); found {
		host, port = name, after
	}
	if len(port) > 5 || strings.Trim(port, "0123456789") != "" {
		return "", false
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.String(), true
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if strings.Trim(host, "abcdefghijklmnopqrstuvwxyz0123456789-_.") != "" || host == "" || strings.HasSuffix(host, ".") {
		return "", false
	}
	if ip, err := netip.ParseAddr(host); err == nil { // 127.0.0.1. is one too
		host = ip.String()
	}
	return host, true
}

// fromElsewhere reports whether a page of another site, or of another port of this host, asks. A
// link there may lead to the page, which that site cannot read.
func fromElsewhere(r *http.Request) bool {
	if origin := r.Header.Get("Origin"); origin != "" {
		u, err := url.Parse(origin)
		return err != nil || u.Host == "" || !strings.EqualFold(u.Host, r.Host)
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
		return false
	}
	toPage := r.URL.Path == "/" || r.URL.Path == ""
	return !toPage || r.Header.Get("Sec-Fetch-Mode") != "navigate" || r.Header.Get("Sec-Fetch-Dest") != "document"
}

// redirected leads to the directory where a request named the handler without the slash behind: the
// names in the page are relative to it. It reports whether there was none.
func redirected(w http.ResponseWriter, r *http.Request) bool {
	u, err := url.ParseRequestURI(r.RequestURI)
	if err != nil || strings.HasSuffix(u.Path, "/") {
		return false
	}
	w.Header().Set("Location", "./"+url.PathEscape(path.Base(u.Path))+"/")
	w.WriteHeader(http.StatusMovedPermanently)
	return true
}
