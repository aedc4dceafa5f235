// Package latency keeps how long the answers of servers took over the last minutes, without a
// lock: [Table] by server, [Window] for one of them. It measures nothing itself.
package latency
