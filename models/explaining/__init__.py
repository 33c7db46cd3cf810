"""Why a forecast is what it is: parts that sum to a change, gates, other arms, unusual inputs."""
