// Package browser opens pages in a headless Chromium, presses keys in them, takes pictures of them,
// and notes what a page must not do: errors on its console, exceptions, what its policy forbids,
// requests to other hosts.
//
// Its tests open the page of proxy/status beside a real proxy and a real cluster. They need
// Chromium, Java, and two checkers from npm, of accessibility (axe) and of HTML and CSS (vnu);
// without them they fail. testutil/browser/install brings them all:
//
//	testutil/browser/install
//	go test -C testutil/browser ./...
//
// This one takes the pictures in docs anew, in two minutes:
//
//	go test -C testutil/browser -count 1 -v -run '^TestPictures$' -update
//
// It is a module of its own, so that what it needs does not reach go.mod.
package browser
