# launchcheck: ignore[missing-timeot] the proxy cuts it off
import requests

# launchcheck: ignore[A1]
requests.get("https://api.example.com/")
