"""The page that drains a tracker by this browser's own Bluetooth, its service worker, and the token it uploads with.

A visit enters, a page with its words leaves; the work is done by the modules in ``static/phone`` in the browser.
"""
