package main

import (
	"context"
	"time"
)

// goOn says what the user can do next.
func (d *demo) goOn(took time.Duration) {
	d.text("All of it in %.0f s. On your own images, with the advisories of today:", took.Seconds())
	d.line("")
	d.text("bin/landwaiter scan debian:12                 an image of a registry, without a server")
	d.text("bin/landwaiter scan docker-archive:app.tar    an image in a file")
	d.text("bin/landwaiter serve                          the server; it prints the password of admin at its first start")
	d.text("bin/landwaiter image add IMAGE --wait         ask it (http://127.0.0.1:8228/v1, LANDWAITER_USER and LANDWAITER_PASS)")
	d.text("bin/landwaiter check IMAGE                    exit code 1 when the policy says stop")
	d.line("")
	if !d.keep {
		d.text("The demo's server stops now, and what the demo made is removed. make demo KEEP=1 keeps it running to look around in.")
	}
}

// stay keeps everything running until Ctrl-C, and shows the notices that come.
func (d *demo) stay(ctx context.Context) error {
	d.text("The demo's server keeps running until you press Ctrl-C. Ask it from another terminal:")
	d.line("")
	d.text("export LANDWAITER_URL=%s LANDWAITER_USER=%s LANDWAITER_PASS=%s", d.engine.url, d.engine.user, d.engine.password)
	d.text("bin/landwaiter image list")
	d.text("curl -u %s:%s %s/v1/images", d.engine.user, d.engine.password, d.engine.url)
	for {
		select {
		case n := <-d.hooks.got:
			d.showNotice(n)
		case <-d.engine.gone:
			return errEngineEnded
		case <-ctx.Done():
			return nil
		}
	}
}
