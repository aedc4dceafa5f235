package otel_test

import (
	"context"
	"fmt"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/proxy/plugin/otel"
	"github.com/open-nomad/rpcproxy/testutil"
)

func Example() {
	server, err := testutil.StartServer(testutil.ServerConfig{})
	if err != nil {
		panic(err)
	}
	defer func() { _ = server.Stop(context.Background()) }()

	// An agent exports its spans to a collector; this one reads them back.
	spans := tracetest.NewInMemoryExporter()
	tracers := sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))
	observer, err := otel.New(otel.Config{TracerProvider: tracers})
	if err != nil {
		panic(err)
	}
	defer observer.Close()
	p, err := proxy.Start(proxy.Config{Servers: []string{server.Addr()}, Observers: []proxy.Observer{observer}})
	if err != nil {
		panic(err)
	}
	defer func() { _ = p.Stop(context.Background()) }()

	if err := p.Call(context.Background(), "Status.Ping", struct{}{}, nil); err != nil {
		panic(err)
	}
	for _, span := range spans.GetSpans() {
		fmt.Println(span.SpanKind, span.Name, span.Status.Code)
		for _, event := range span.Events {
			fmt.Println(event.Name, event.Attributes[1].Value.AsString(), event.Attributes[4].Value.AsString())
		}
	}
	// Output:
	// client Status.Ping Unset
	// rpcproxy.attempt decode answered
}
