"""The pages: requests of people enter, HTML leaves; they read the server's own services and, where an agent runs in
the same process, its door. The entry is :func:`unstuck.web.pages.mount.mount`.
"""
