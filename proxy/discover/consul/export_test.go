package consul

import "context"

// Written waits until d's log is written.
func Written(d *Discoverer) { d.queue.Flush(context.Background()) }
