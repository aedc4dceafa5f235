package browser

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
)

// faultOf describes an event that must not be in a page that talks to a host alone; empty: it may
// be.
func faultOf(event any, host string) string {
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		switch e.Type {
		case runtime.ConsoleAPICalledTypeError, runtime.ConsoleAPICalledTypeAssert, runtime.ConsoleAPICalledTypeWarning:
			return fmt.Sprintf("console: %s: %s", e.Type, argumentsText(e.Args))
		}
	case *runtime.EventExceptionThrown:
		text := e.ExceptionDetails.Text
		if thrown := e.ExceptionDetails.Exception; thrown != nil {
			text += " " + thrown.Description
		}
		return "exception: " + text
	case *log.EventEntryAdded: // what a policy forbids is here, and what could not be loaded
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			return fmt.Sprintf("log: %s: %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL)
		}
	case *network.EventRequestWillBeSent:
		u, err := url.Parse(e.Request.URL)
		if err != nil || u.Host != host && u.Scheme != "data" {
			return "request elsewhere: " + e.Request.URL
		}
	case *network.EventWebSocketCreated:
		return "request elsewhere: " + e.URL
	}
	return ""
}

func argumentsText(args []*runtime.RemoteObject) string {
	var b strings.Builder
	for _, arg := range args {
		fmt.Fprintf(&b, "%s%s ", arg.Value, arg.Description)
	}
	return b.String()
}
